"""The control interface: what people and test programs do to the workspace, as plain JSON over HTTP."""
