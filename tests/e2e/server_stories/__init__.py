"""What servers do with Chat through the official Python library; every version of it runs the same stories."""
