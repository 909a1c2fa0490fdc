"""Emulator of GitHub's API for one private repository: workflow runs and Dependabot alerts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox.world.vendors.trouble import Vendor


class GitHub(Vendor):
    """`permissions` are those of a fine-grained token; `actions_write` and `contents` start workflows.

    A started run shows after one look at the list and ends as `next_end` after `looks` more; None means never.
    """

    def __init__(self) -> None:
        super().__init__()
        self.token = "github_pat_emulated0123456789abcdef"  # noqa: S105
        self.repo = "acme/support"
        self.permissions = {"actions", "dependabot_alerts"}
        self.head = "4f2a9c01" * 5
        self.message = "Merge pull request #12"
        self.next_end: str | None = "success"
        self.looks = 2
        self.runs: list[dict[str, Any]] = []
        self.alerts: list[dict[str, Any]] = []
        self.has_dependabot = True

    def routes(self) -> list[web.RouteDef]:
        repo = "/repos/{owner}/{name}"
        return [
            web.get(f"{repo}/actions/workflows/{{workflow}}/runs", self._runs),
            web.get(f"{repo}/dependabot/alerts", self._alerts),
            web.get(f"{repo}/commits/{{ref}}", self._commit),
            web.post(f"{repo}/actions/workflows/{{workflow}}/dispatches", self._dispatch),
        ]

    def run(self, workflow: str, conclusion: str | None, *, hours: float = 1, branch: str = "main") -> None:
        """The newest run of a workflow; without a conclusion it is still going on."""
        at = (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        number = len(self.runs) + 1
        self.runs.insert(
            0,
            {
                "workflow": workflow,
                "run_number": number,
                "status": "completed" if conclusion else "in_progress",
                "conclusion": conclusion,
                "updated_at": at,
                "head_branch": branch,
                "head_sha": "0123456789abcdef",
                "event": "schedule",
                "html_url": f"https://github.com/{self.repo}/actions/runs/{number}",
            },
        )

    def alert(self, package: str, severity: str, summary: str = "emulated", patched: str = "") -> None:
        """A known vulnerability, and the first version without it, if there is one."""
        advisory = {"ghsa_id": "GHSA-emul-ated-0000", "severity": severity, "summary": summary}
        dependency = {"package": {"name": package}}
        fixed = {"first_patched_version": {"identifier": patched} if patched else None}
        self.alerts.append(
            {
                "state": "open",
                "dependency": dependency,
                "security_advisory": advisory,
                "security_vulnerability": fixed,
            }
        )

    def _refusal(self, request: web.Request, permission: str) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"message": "Bad credentials"}, status=401)
        if f"{request.match_info['owner']}/{request.match_info['name']}" != self.repo:
            return web.json_response({"message": "Not Found"}, status=404)
        if permission not in self.permissions:
            return web.json_response({"message": "Resource not accessible by personal access token"}, status=403)
        return None

    async def _runs(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "actions"):
            return refusal
        self._go_on()
        branch = request.query.get("branch")
        found = [run for run in self.runs if run["workflow"] == request.match_info["workflow"]]
        if not found:
            return web.json_response({"message": "Not Found"}, status=404)
        of_branch = [run for run in found if branch in (None, run["head_branch"])]
        return web.json_response({"total_count": len(of_branch), "workflow_runs": of_branch[:10]})

    def _go_on(self) -> None:
        for run in self.runs:
            if run["status"] == "in_progress" and "looks" in run:
                run["looks"] -= 1
                if run["looks"] < 0 and self.next_end:
                    run["status"], run["conclusion"] = "completed", self.next_end

    async def _commit(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "contents"):
            return refusal
        if request.match_info["ref"] != "main":
            return web.json_response({"message": "No commit found for SHA"}, status=422)
        return web.json_response({"sha": self.head, "commit": {"message": f"{self.message}\n\nmore"}})

    async def _dispatch(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "actions_write"):
            return refusal
        asked = await request.json()
        self.run(request.match_info["workflow"], None, branch=asked["ref"])
        self.runs[0] |= {"event": "workflow_dispatch", "head_sha": self.head, "looks": self.looks}
        return web.Response(status=204)

    async def _alerts(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "dependabot_alerts"):
            return refusal
        if not self.has_dependabot:
            return web.json_response({"message": "Dependabot alerts are disabled for this repository."}, status=403)
        return web.json_response(self.alerts)
