"""One Docker engine: its containers are read, and a declared few are changed; never a command inside one."""
