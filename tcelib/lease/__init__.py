"""Registry of leases: who is there, what it reads, and what it holds, with one lease for each holder."""
