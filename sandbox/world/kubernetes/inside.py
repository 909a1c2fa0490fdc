"""What a few programs answer inside the emulated pods: df, nc, psql and redis-cli, each from a small state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sandbox.world.kubernetes.resources import Document

_LENT = ("postgres-service", 5432), ("redis-service", 6379), ("api.openai.com", 443)


@dataclass(frozen=True)
class Result:
    """What a program wrote and its exit code; none means that it is not there."""

    out: str = ""
    err: str = ""
    code: int | None = 0


@dataclass
class Inside:
    """The world as programs in pods see it; tests change it."""

    disks: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Size and use in KiB, by app and path; 20 GiB with 6 in use where nothing is said."""
    open_ports: set[tuple[str, int]] = field(default_factory=lambda: set(_LENT))
    lacking: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    postgres_complaint: str = ""
    connections: int = 12
    max_connections: int = 100
    redis_complaint: str = ""
    redis_memory: int = 48 * 1024 * 1024
    lists: dict[str, int] = field(default_factory=lambda: {"crm:retry": 0})
    runs: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, pod: Document, argv: Sequence[str]) -> Result:
        """The answer of one command; every one is remembered."""
        self.runs.append(tuple(argv))
        program = argv[0] if argv else ""
        programs: dict[str, Callable[[Document, Sequence[str]], Result]] = {
            "df": self._df,
            "nc": self._nc,
            "psql": self._psql,
            "redis-cli": self._redis_cli,
        }
        if program in self.lacking or program not in programs:
            return Result(code=None)
        return programs[program](pod, argv[1:])

    def _df(self, pod: Document, words: Sequence[str]) -> Result:
        path = words[-1]
        if path.startswith("/nowhere"):
            return Result(err=f"df: {path}: No such file or directory\n", code=1)
        size, used = self.disks.get((_app(pod), path), (20 * 1024 * 1024, 6 * 1024 * 1024))
        share = -(-100 * used // size)
        head = "Filesystem     1024-blocks    Used Available Capacity Mounted on"
        return Result(f"{head}\n/dev/sdb {size} {used} {size - used} {share}% {path}\n")

    def _nc(self, _pod: Document, words: Sequence[str]) -> Result:
        host, port = words[-2], int(words[-1])
        if (host, port) in self.open_ports:
            return Result()
        return Result(err=f"nc: connect to {host} port {port} (tcp) failed: Connection refused\n", code=1)

    def _psql(self, _pod: Document, words: Sequence[str]) -> Result:
        if self.postgres_complaint:
            return Result(err=f"psql: error: {self.postgres_complaint}\n", code=2)
        question = words[list(words).index("-c") + 1]
        if "SELECT 1;" in question:
            return Result("1\n")
        if "FROM pg_stat_activity" in question:
            return Result(f"{self.connections} {self.max_connections}\n")
        return Result(err=f"ERROR:  syntax error in {question}\n", code=1)

    def _redis_cli(self, _pod: Document, words: Sequence[str]) -> Result:
        if self.redis_complaint:
            is_gone = self.redis_complaint.startswith("Could not connect")
            return Result(
                "" if is_gone else self.redis_complaint, self.redis_complaint if is_gone else "", int(is_gone)
            )
        answers = {"PING": "PONG", "DBSIZE": "128", "INFO": self._redis_info()}
        if words[0] == "LLEN":
            return Result(f"{self.lists.get(words[1], 0)}\n")
        return Result(f"{answers.get(words[0], f'ERR unknown command {words[0]}')}\n")

    def _redis_info(self) -> str:
        fields = {
            "used_memory": self.redis_memory,
            "connected_clients": 9,
            "evicted_keys": 0,
            "rejected_connections": 0,
            "keyspace_hits": 90,
            "keyspace_misses": 10,
        }
        return "# Server\r\n" + "".join(f"{name}:{value}\r\n" for name, value in fields.items())


def _app(pod: Document) -> str:
    app: str = pod["metadata"]["labels"].get("app", "")
    return app
