"""The outside systems: which operation lives where, each imported on first use."""

import asyncio
import importlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Final

from bot.core.errors import ConfigError
from bot.core.operation import Change, Operation, Read

OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alertmanager.alerts": "bot.providers.alertmanager.alerts:ALERTS",
        "alertmanager.silence": "bot.providers.alertmanager.silence:SILENCE",
        "app_api.figures": "bot.providers.app_api.figures:FIGURES",
        "app_api.answers": "bot.providers.app_api.question:ANSWERS",
        "app_api.ask": "bot.providers.app_api.question:ASK",
        "app_api.keys": "bot.providers.app_api.keys:KEYS",
        "app_api.company": "bot.providers.app_api.company:COMPANY",
        "app_api.pattern": "bot.providers.app_api.pattern:PATTERN",
        "app_api.revoke_key": "bot.providers.app_api.revoke_key:REVOKE_KEY",
        "app_api.update_company": "bot.providers.app_api.update_company:UPDATE_COMPANY",
        "aws_secrets.secret": "bot.providers.aws.secret:SECRET",
        "aws_secrets.rotate": "bot.providers.aws.secret_rotation:ROTATE",
        "chromadb.heartbeat": "bot.providers.chromadb.collections:HEARTBEAT",
        "chromadb.collections": "bot.providers.chromadb.collections:COLLECTIONS",
        "chromadb.count": "bot.providers.chromadb.collections:COUNT",
        "chromadb.sample": "bot.providers.chromadb.collections:SAMPLE",
        "chromadb.delete_collection": "bot.providers.chromadb.delete_collection:DELETE_COLLECTION",
        "cloudwatch.metric": "bot.providers.aws.cloudwatch:METRIC",
        "cloudwatch.growth": "bot.providers.aws.growth:GROWTH",
        "cloudwatch.ratio": "bot.providers.aws.cloudwatch:RATIO",
        "cloudwatch_logs.lines": "bot.providers.aws.logs:LINES",
        "cloudwatch_logs.insights": "bot.providers.aws.insights:INSIGHTS",
        "cloudwatch_logs.group": "bot.providers.aws.retention:GROUP",
        "cloudwatch_logs.retention": "bot.providers.aws.retention:RETENTION",
        "crm.probe": "bot.providers.crm:PROBE",
        "coolify.deployments": "bot.providers.coolify.deployments:DEPLOYMENTS",
        "coolify.redeploy": "bot.providers.coolify.redeploy:REDEPLOY",
        "coolify.restart": "bot.providers.coolify.restart:RESTART",
        "coolify.compare": "bot.providers.coolify.stored:COMPARE",
        "coolify.set_secret": "bot.providers.coolify.set_secret:SET_SECRET",
        "coolify.set_env": "bot.providers.coolify.set_env:SET_ENV",
        "coolify.status": "bot.providers.coolify.status:STATUS",
        "coolify.variable": "bot.providers.coolify.presence:VARIABLE",
        "docker.containers": "bot.providers.docker.containers:CONTAINERS",
        "docker.container": "bot.providers.docker.containers:CONTAINER",
        "docker.images": "bot.providers.docker.images:IMAGES",
        "docker.logs": "bot.providers.docker.logs:LOGS",
        "docker.packages": "bot.providers.docker.packages:PACKAGES",
        "docker.stats": "bot.providers.docker.stats:STATS",
        "docker.compose": "bot.providers.docker.compose:COMPOSE",
        "docker.restart": "bot.providers.docker.restart:RESTART",
        "docker.start": "bot.providers.docker.restart:START",
        "docker.stop": "bot.providers.docker.restart:STOP",
        "docker.recreate": "bot.providers.docker.recreate:RECREATE",
        "docker.rollback": "bot.providers.docker.rollback:ROLLBACK",
        "docker.scale": "bot.providers.docker.scale:SCALE",
        "docker.tag": "bot.providers.docker.tag:TAG",
        "ecs.service": "bot.providers.aws.ecs.service:SERVICE",
        "ecs.tasks": "bot.providers.aws.ecs.tasks:TASKS",
        "ecs.revisions": "bot.providers.aws.ecs.task_definitions:REVISIONS",
        "ecs.deploy": "bot.providers.aws.ecs.deploy:DEPLOY",
        "ecs.desired_count": "bot.providers.aws.ecs.desired_count:DESIRED_COUNT",
        "ecs.rollback": "bot.providers.aws.ecs.rollback:ROLLBACK",
        "ecs.memory": "bot.providers.aws.ecs.memory:MEMORY",
        "elasticsearch.words": "bot.providers.elasticsearch:WORDS",
        "elb.targets": "bot.providers.aws.elb:TARGETS",
        "elb.traffic": "bot.providers.aws.elb:TRAFFIC",
        "email.send": "bot.providers.email.send:SEND",
        "grafana.dashboard": "bot.providers.grafana:DASHBOARD",
        "host.processes": "bot.providers.host.processes:PROCESSES",
        "host.ports": "bot.providers.host.processes:PORTS",
        "host.backup": "bot.providers.host.backup:BACKUP",
        "host.disk": "bot.providers.host.storage:DISK",
        "host.folders": "bot.providers.host.storage:FOLDERS",
        "host.newest": "bot.providers.host.newest:NEWEST",
        "host.unit": "bot.providers.host.units:UNIT_STATE",
        "host.journal": "bot.providers.host.units:JOURNAL",
        "host.capture_logs": "bot.providers.host.capture_logs:CAPTURE_LOGS",
        "host.unit_control": "bot.providers.host.unit_control:UNIT_CONTROL",
        "host.prune_backups": "bot.providers.host.prune:PRUNE_BACKUPS",
        "host.prune_folders": "bot.providers.host.prune_folders:PRUNE_FOLDERS",
        "host.prune_logs": "bot.providers.host.prune:PRUNE_LOGS",
        "host.restore_folder": "bot.providers.host.restore_folder:RESTORE_FOLDER",
        "host.script": "bot.providers.host.script:SCRIPT",
        "host.move_aside": "bot.providers.host.move_aside:MOVE_ASIDE",
        "http.get": "bot.providers.http.get:GET",
        "http.post": "bot.providers.http.post:POST",
        "http.smoke": "bot.providers.http.smoke:SMOKE",
        "http.tls": "bot.providers.http.tls:TLS",
        "kubernetes.deployment": "bot.providers.kubernetes.deployment:DEPLOYMENT",
        "kubernetes.pods": "bot.providers.kubernetes.pods:PODS_OF",
        "kubernetes.events": "bot.providers.kubernetes.events:EVENTS_OF",
        "kubernetes.revisions": "bot.providers.kubernetes.revisions:REVISIONS",
        "kubernetes.autoscaler": "bot.providers.kubernetes.autoscaler:AUTOSCALER",
        "kubernetes.disk": "bot.providers.kubernetes.disk:DISK",
        "kubernetes.logs": "bot.providers.kubernetes.logs:LOGS",
        "kubernetes.reach": "bot.providers.kubernetes.reach_from:REACH",
        "kubernetes.redis": "bot.providers.kubernetes.redis_inside:REDIS",
        "kubernetes.rollout": "bot.providers.kubernetes.rollout_status:ROLLOUT",
        "kubernetes.room": "bot.providers.kubernetes.room:ROOM",
        "kubernetes.secret": "bot.providers.kubernetes.secret:SECRET",
        "kubernetes.sql": "bot.providers.kubernetes.sql:SQL",
        "kubernetes.top": "bot.providers.kubernetes.top:TOP",
        "kubernetes.rollout_undo": "bot.providers.kubernetes.rollout_undo:ROLLOUT_UNDO",
        "kubernetes.autoscale": "bot.providers.kubernetes.autoscale:AUTOSCALE",
        "kubernetes.canary": "bot.providers.kubernetes.canary.step:CANARY",
        "kubernetes.capture_evidence": "bot.providers.kubernetes.capture_evidence:CAPTURE_EVIDENCE",
        "kubernetes.copy_pod": "bot.providers.kubernetes.copy_pod:COPY_POD",
        "kubernetes.delete_pod": "bot.providers.kubernetes.delete_pod:DELETE_POD",
        "kubernetes.patch_resources": "bot.providers.kubernetes.patch_resources:PATCH_RESOURCES",
        "kubernetes.restart": "bot.providers.kubernetes.restart:RESTART",
        "kubernetes.run_job": "bot.providers.kubernetes.run_job:RUN_JOB",
        "kubernetes.scale": "bot.providers.kubernetes.scale:SCALE",
        "kubernetes.set_env": "bot.providers.kubernetes.set_env:SET_ENV",
        "kubernetes.set_image": "bot.providers.kubernetes.set_image:SET_IMAGE",
        "llm.reach": "bot.providers.llm:REACH",
        "llm.probe": "bot.providers.llm:PROBE",
        "llm.usage": "bot.providers.llm:USAGE",
        "llm.calls": "bot.providers.llm:CALLS",
        "log_file.lines": "bot.providers.log_file.reading:LINES",
        "log_file.json_field": "bot.providers.log_file.reading:JSON_FIELD",
        "mongodb.ping": "bot.providers.mongodb.health:PING",
        "mongodb.connections": "bot.providers.mongodb.health:CONNECTIONS",
        "mongodb.operations": "bot.providers.mongodb.running:OPERATIONS",
        "mongodb.count": "bot.providers.mongodb.documents:COUNT",
        "mongodb.newest": "bot.providers.mongodb.documents:NEWEST",
        "mongodb.exists": "bot.providers.mongodb.documents:EXISTS",
        "mongodb.indexes": "bot.providers.mongodb.indexes:INDEXES",
        "mongodb.slow": "bot.providers.mongodb.slow:SLOW",
        "mongodb.advisor": "bot.providers.mongodb.advisor:ADVISOR",
        "mongodb.backups": "bot.providers.mongodb.backups:BACKUPS",
        "mongodb.take_snapshot": "bot.providers.mongodb.take_snapshot:TAKE_SNAPSHOT",
        "mongodb.kill_operation": "bot.providers.mongodb.kill_operation:KILL_OPERATION",
        "pagerduty.incidents": "bot.providers.pagerduty.incidents:INCIDENTS",
        "pagerduty.oncall": "bot.providers.pagerduty.oncall:ONCALL",
        "pagerduty.acknowledge": "bot.providers.pagerduty.acknowledge:ACKNOWLEDGE",
        "pagerduty.reassign": "bot.providers.pagerduty.reassign:REASSIGN",
        "pipeline.run": "bot.providers.pipeline_run:RUN",
        "pipeline.workflow": "bot.providers.pipeline:WORKFLOW",
        "pipeline.vulnerabilities": "bot.providers.pipeline:VULNERABILITIES",
        "postgres.ping": "bot.providers.postgres.ping:PING",
        "postgres.connections": "bot.providers.postgres.connections:CONNECTIONS",
        "postgres.long_queries": "bot.providers.postgres.queries:LONG_QUERIES",
        "postgres.slow_statements": "bot.providers.postgres.statements:SLOW_STATEMENTS",
        "postgres.size": "bot.providers.postgres.size:SIZE",
        "postgres.replication": "bot.providers.postgres.replication:REPLICATION",
        "postgres.count": "bot.providers.postgres.rows:COUNT",
        "postgres.group": "bot.providers.postgres.groups:GROUP",
        "postgres.newest": "bot.providers.postgres.newest:NEWEST",
        "postgres.broken_text": "bot.providers.postgres.broken_text:BROKEN_TEXT",
        "postgres.per_day": "bot.providers.postgres.per_day:PER_DAY",
        "postgres.plan": "bot.providers.postgres.plan:PLAN",
        "postgres.terminate_idle": "bot.providers.postgres.terminate_idle:TERMINATE_IDLE",
        "postgres.cancel_query": "bot.providers.postgres.end_query:CANCEL_QUERY",
        "postgres.terminate_query": "bot.providers.postgres.end_query:TERMINATE_QUERY",
        "postgres.analyze": "bot.providers.postgres.maintenance:ANALYZE",
        "postgres.vacuum": "bot.providers.postgres.maintenance:VACUUM",
        "postgres.create_index_concurrently": "bot.providers.postgres.index:CREATE_INDEX",
        "postgres.purge": "bot.providers.postgres.purge:PURGE",
        "prometheus.query": "bot.providers.prometheus.query:QUERY",
        "prometheus.range": "bot.providers.prometheus.range:RANGE",
        "prometheus.scrape": "bot.providers.prometheus.scrape:SCRAPE",
        "prometheus.alerts": "bot.providers.prometheus.alerts:ALERTS",
        "prometheus.targets": "bot.providers.prometheus.targets:TARGETS",
        "railway.audit": "bot.providers.railway.audit:AUDIT",
        "railway.crash_pattern": "bot.providers.railway.crashes:CRASH_PATTERN",
        "railway.deployments": "bot.providers.railway.deployments:DEPLOYMENTS",
        "railway.generate_secret": "bot.providers.railway.generate_secret:GENERATE_SECRET",
        "railway.logs": "bot.providers.railway.logs:LOGS",
        "railway.metrics": "bot.providers.railway.metrics:METRICS",
        "railway.redeploy": "bot.providers.railway.redeploy:REDEPLOY",
        "railway.restart": "bot.providers.railway.restart:RESTART",
        "railway.rollback": "bot.providers.railway.rollback:ROLLBACK",
        "railway.rotate_secrets": "bot.providers.railway.rotate_secrets:ROTATE_SECRETS",
        "railway.service": "bot.providers.railway.service:SERVICE",
        "railway.set_secret": "bot.providers.railway.set_secret:SET_SECRET",
        "railway.set_variables": "bot.providers.railway.set_variables:SET_VARIABLES",
        "railway.variables": "bot.providers.railway.variables:VARIABLES",
        "redis.ping": "bot.providers.redis.ping:PING",
        "redis.memory": "bot.providers.redis.memory:MEMORY",
        "redis.hit_rate": "bot.providers.redis.keyspace:HIT_RATE",
        "redis.evictions": "bot.providers.redis.keyspace:EVICTIONS",
        "redis.clients": "bot.providers.redis.clients:CLIENTS",
        "redis.slowlog": "bot.providers.redis.slowlog:SLOWLOG",
        "redis.replication": "bot.providers.redis.replication:REPLICATION",
        "redis.scan": "bot.providers.redis.keys:SCAN",
        "redis.list_length": "bot.providers.redis.keys:LIST_LENGTH",
        "redis.key_meta": "bot.providers.redis.keys:KEY_META",
        "redis.command_stats": "bot.providers.redis.command_stats:COMMAND_STATS",
        "redis.delete_pattern": "bot.providers.redis.delete_pattern:DELETE_PATTERN",
        "redis.delete_key": "bot.providers.redis.delete_key:DELETE_KEY",
        "redis.set_memory": "bot.providers.redis.set_memory:SET_MEMORY",
        "secrets.presence": "bot.providers.secrets.presence:PRESENCE",
        "secrets.compare": "bot.providers.secrets.presence:COMPARE",
        "sentry.issues": "bot.providers.sentry:ISSUES",
        "statuspage.status": "bot.providers.statuspage.status:STATUS",
        "statuspage.quiet": "bot.providers.statuspage.quiet:QUIET",
        "supabase.auth_health": "bot.providers.supabase.services:AUTH_HEALTH",
        "supabase.rest": "bot.providers.supabase.services:REST",
        "supabase.connections": "bot.providers.supabase.database:CONNECTIONS",
        "supabase.migrations": "bot.providers.supabase.migrations:MIGRATIONS",
        "supabase.slow_queries": "bot.providers.supabase.database:SLOW_QUERIES",
        "supabase.advisors": "bot.providers.supabase.advisors:ADVISORS",
        "telegram.me": "bot.providers.telegram.checks:ME",
        "telegram.webhook": "bot.providers.telegram.checks:WEBHOOK",
        "telegram.delete_webhook": "bot.providers.telegram.delete_webhook:DELETE_WEBHOOK",
        "telegram.notice": "bot.providers.telegram.say_once:NOTICE",
        "telegram.send_test": "bot.providers.telegram.say_once:SEND_TEST",
        "tracing.slow_spans": "bot.providers.tracing:SLOW_SPANS",
        "waf.ip_set": "bot.providers.aws.waf:IP_SET",
        "waf.block": "bot.providers.aws.waf_blocking:BLOCK",
        "waf.unblock": "bot.providers.aws.waf_blocking:UNBLOCK",
    }
)


def names() -> tuple[str, ...]:
    """Every operation there is, without importing any of them."""
    return tuple(OPERATIONS)


@cache
def operation(name: str) -> Operation:
    """The operation of this name; its vendor is imported now."""
    try:
        target = OPERATIONS[name]
    except KeyError:
        raise ConfigError(_unknown(name)) from None
    module, _, attribute = target.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, Read | Change) or found.name != name:
        raise ConfigError(f"{target} is not the operation {name}")
    return found


_LOADED: Final[set[str]] = set()
"""What needs no thread any more: whoever asks for a thread may wait for one."""


async def loaded(name: str) -> Operation:
    """The operation of this name, imported in a thread: that of Kubernetes takes seconds, which no loop can spare."""
    if name not in _LOADED:
        await asyncio.to_thread(operation, name)
        _LOADED.add(name)
    return operation(name)


async def preload(wanted: Iterable[str]) -> None:
    """Import these operations now, so that nobody waits for them later."""
    for name in wanted:
        await loaded(name)


def _unknown(name: str) -> str:
    near = get_close_matches(name, OPERATIONS, n=3, cutoff=0.5)
    family = name.partition(".")[0]
    known = near or [other for other in OPERATIONS if other.startswith(f"{family}.")] or sorted(OPERATIONS)
    return f"There is no operation {name!r}. Known: {', '.join(known)}."
