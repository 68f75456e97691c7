"""A load generator: thousands of clients of every protocol, in channels of every size."""
