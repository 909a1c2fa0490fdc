"""A container and its life, which is brought up to date whenever somebody looks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from sandbox.world.docker.image import Document, Image, digits
from sandbox.world.docker.program import ERR, Course, course_of

Status = Literal["created", "running", "restarting", "exited"]
Health = Literal["", "starting", "healthy", "unhealthy"]
USED_AT_START: Final = 0.31
_KILLED: Final = 137
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 60.0


@dataclass(frozen=True, slots=True)
class Line:
    """What it wrote, to which stream."""

    at: datetime
    stream: int
    text: str


@dataclass
class Container:
    """`used` is its share of the memory that it may have, `is_stuck` lasts until the next start, `written` is what it
    wrote outside of volumes."""

    name: str
    image: Image
    config: Document
    host: Document
    created: datetime
    endpoints: dict[str, Document] = field(default_factory=dict)
    mounts: list[Document] = field(default_factory=list)
    id: str = field(default_factory=digits)
    status: Status = "created"
    started: datetime | None = None
    finished: datetime | None = None
    code: int = 0
    is_oom: bool = False
    restarts: int = 0
    used: float = USED_AT_START
    is_stuck: bool = False
    last_check: str = ""
    written: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        return self.status == "running"

    @property
    def command(self) -> list[str]:
        return [*(self.config.get("Entrypoint") or ()), *(self.config.get("Cmd") or ())]

    @property
    def env(self) -> dict[str, str]:
        return dict(row.partition("=")[::2] for row in self.config.get("Env") or ())

    @property
    def memory_limit(self) -> int:
        return int(self.host.get("Memory") or 0)

    def start(self, now: datetime) -> None:
        """Run its program; one that is over at once has ended when this returns."""
        self.status, self.started, self.code = "running", now, 0
        self.is_oom, self.is_stuck, self.used, self.last_check = False, False, USED_AT_START, ""
        course = self._course()
        self.lines += [Line(now, stream, text) for stream, text in course.says]
        if course.code is not None:
            self._end(now, course.code)

    def stop(self, now: datetime) -> None:
        """As somebody wishes, so that its restart policy keeps quiet; a program that heeds the signal ends with 0."""
        if self.is_running:
            self.code = _KILLED if self.config.get("StopSignal") == "SIGKILL" else 0
            self.finished = now
        self.status = "exited"

    def run_out_of_memory(self, now: datetime) -> None:
        """The kernel ends it, for the last time that its restart policy allows."""
        self.lines.append(Line(now, ERR, "Killed"))
        self.restarts = int((self.host.get("RestartPolicy") or {}).get("MaximumRetryCount") or 0)
        self.status, self.finished, self.code, self.is_oom = "exited", now, _KILLED, True

    def settle(self, now: datetime) -> None:
        """Start it again as often as its restart policy has done by now."""
        while self.status == "restarting" and self.finished:
            pause = timedelta(seconds=min(_FIRST_PAUSE_S * 2.0 ** min(self.restarts, 20), _LONGEST_PAUSE_S))
            if now < self.finished + pause:
                return
            self.restarts += 1
            self.start(self.finished + pause)

    def health(self, now: datetime) -> Health:
        """What its health check says, first after one interval; empty without one."""
        check = self.config.get("Healthcheck") or {}
        test = check.get("Test") or ["NONE"]
        if test[0] == "NONE":
            return ""
        if not self.is_running or not self.started:
            return "unhealthy"
        rounds = (now - self.started).total_seconds() / ((check.get("Interval") or 30_000_000_000) / 1e9)
        if self.is_stuck or course_of(["sh", "-c", test[-1]], self.env).code:
            return "unhealthy" if rounds >= (check.get("Retries") or 3) else "starting"
        return "healthy" if rounds >= 1 else "starting"

    def check_words(self) -> str:
        """The last output of a health check that fails."""
        test = self.config["Healthcheck"]["Test"][-1]
        says = course_of(["sh", "-c", test], self.env).says
        return self.last_check or "".join(f"{text}\n" for _, text in says)

    def _course(self) -> Course:
        return self.image.fault or self.image.course or course_of(self.command, self.env)

    def _end(self, now: datetime, code: int) -> None:
        policy = self.host.get("RestartPolicy") or {}
        most = int(policy.get("MaximumRetryCount") or 0)
        again = policy.get("Name") in {"always", "unless-stopped"}
        again |= policy.get("Name") == "on-failure" and code != 0 and (not most or self.restarts < most)
        self.status, self.finished, self.code = "restarting" if again else "exited", now, code
