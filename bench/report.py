def report(numbers):
    return ""
