"""Emulator of Sentry's list of issues of an organisation."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox.world.vendors.trouble import Vendor


class Sentry(Vendor):
    """One organisation; its search understands `is:unresolved` and `project:<slug>` and ignores the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "sntrys_emulated_0123456789abcdef"  # noqa: S105
        self.organization = "acme"
        self.scopes = {"event:read"}
        self.issues: list[dict[str, Any]] = []

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/0/organizations/{organization}/issues/", self._issues)]

    def happen(
        self, title: str, *, project: str = "api", hours: float = 1, substatus: str = "new", count: int = 1
    ) -> None:
        """An issue that was first seen so many hours ago."""
        first = datetime.now(UTC) - timedelta(hours=hours)
        number = len(self.issues) + 1
        self.issues.append(
            {
                "shortId": f"{project.upper()}-{number}",
                "title": title,
                "culprit": "bot.answer in reply",
                "level": "error",
                "status": "unresolved",
                "substatus": substatus,
                "count": str(count),
                "firstSeen": first.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "project": {"slug": project},
            }
        )

    async def _issues(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"detail": "Invalid token"}, status=401)
        if "event:read" not in self.scopes:
            return web.json_response({"detail": "You do not have permission to perform this action."}, status=403)
        if request.match_info["organization"] != self.organization:
            return web.json_response({"detail": "The requested resource does not exist"}, status=404)
        words = request.query.get("query", "is:unresolved").split()
        found = [issue for issue in self.issues if _matches(issue, words)]
        found.sort(key=lambda issue: -int(issue["count"]))
        page = found[: int(request.query.get("limit", "100"))]
        return web.json_response(page, headers={"X-Hits": str(len(found))})


def _matches(issue: dict[str, Any], words: list[str]) -> bool:
    wanted = [word.removeprefix("project:") for word in words if word.startswith("project:")]
    is_open = "is:unresolved" not in words or issue["status"] == "unresolved"
    return is_open and (not wanted or issue["project"]["slug"] in wanted)
