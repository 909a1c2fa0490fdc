"""Emulator of a Salesforce organisation's REST API, as far as a probe sees it."""

from aiohttp import web

from sandbox.world.vendors.trouble import Vendor


class Crm(Vendor):
    """One organisation with a limit of calls in 24 hours."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "00D-emulated-session-0123456789"  # noqa: S105
        self.used, self.limit = 18, 5000
        self.permissions = {"ApiEnabled"}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/services/data/v57.0/", self._resources)]

    async def _resources(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if "ApiEnabled" not in self.permissions:
            return _error(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")
        if self.used >= self.limit:
            return _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self.used += 1
        headers = {"Sforce-Limit-Info": f"api-usage={self.used}/{self.limit}"}
        return web.json_response({"sobjects": "/services/data/v57.0/sobjects"}, headers=headers)


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response([{"message": message, "errorCode": code}], status=status)
