"""The images: listed, inspected, given another name."""

from aiohttp import web

from sandbox.world.docker.engine import Docker
from sandbox.world.docker.refusals import Refusal
from sandbox.world.docker.requests import filters


class ImagePages:
    """Requests for the images of one engine."""

    def __init__(self, engine: Docker) -> None:
        self.engine = engine

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/images/json", self._list),
            web.get("/images/{name:.+}/json", self._inspect),
            web.post("/images/{name:.+}/tag", self._tag),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        patterns = filters(request).get("reference", [])
        found = (one.listed(patterns) for one in self.engine.images)
        return web.json_response([line for line in found if line is not None])

    async def _inspect(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        try:
            return web.json_response(self.engine.image(name).document())
        except Refusal as refusal:
            raise Refusal(404, f"no such image: {name}: {refusal}") from refusal

    async def _tag(self, request: web.Request) -> web.Response:
        new = f"{request.query.get('repo', '')}:{request.query.get('tag') or 'latest'}"
        self.engine.tag(request.match_info["name"], new)
        return web.Response(status=201)
