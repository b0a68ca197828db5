"""The machines: workers and servers with their devices, cores and lanes, and the channels between them."""
