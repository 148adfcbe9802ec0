"""What rtserver does for one user: the parts that hang on a UserAgent while it is connected."""
