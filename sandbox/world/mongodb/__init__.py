"""An emulated MongoDB server (not a real one: none can be had here), on the real wire protocol with real drivers.

It keeps documents, indexes, users with privileges, and running operations which `killOp` ends. It knows simple
filters, updates and pipelines, a standalone topology and SCRAM-SHA-256; no transactions, no cursors beyond the first
batch, no change streams, no TLS.
"""

from sandbox.world.mongodb.atlas import Atlas, open_atlas
from sandbox.world.mongodb.server import Mongo, open_mongodb

__all__ = ["Atlas", "Mongo", "open_atlas", "open_mongodb"]
