"""Which app a control request means."""

from ..emulator import Emulator
from ..refusal import ControlRefusal


def tenant_named(emulator: Emulator, ref: str | None) -> Emulator:
    """By id or name; the first app when nothing is said."""
    if ref is None:
        return emulator.tenants.first
    for tenant in emulator.tenants:
        if ref in (tenant.app.app_id, tenant.app.manifest.name):
            return tenant
    known = ", ".join(tenant.app.app_id for tenant in emulator.tenants)
    raise ControlRefusal(f"there is no app {ref!r}; the apps are {known}", status=404)
