"""One Docker engine: containers are read, and a declared few changed; of commands inside one only `pip list`."""
