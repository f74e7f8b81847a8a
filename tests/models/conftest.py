import os

# No test may reach the network, whatever is cached on this machine.
os.environ["HF_HUB_OFFLINE"] = "1"
