"""What moto does not do or does wrongly: ECS rollouts, Insights, percentiles, target health, rotation. Emulated."""

import itertools
import math
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from asking import Answer, Asked, refused, told
from deployments import Deployments
from insights import Malformed, answered, parsed, record
from moto.cloudwatch.models import cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends
from moto.logs.models import logs_backends
from moto.secretsmanager.models import secretsmanager_backends

Inner = Callable[[], tuple[Answer, dict[str, Any]]]


class Additions:
    """Answers instead of moto, or corrects moto's answer; `inner` asks moto."""

    def __init__(self) -> None:
        self.deployments = Deployments()
        self.health: dict[str, tuple[str, str]] = {}
        self.rotations: dict[str, str] = {}
        self.is_query_endless = False
        self._queries: dict[str, Any] = {}
        self._numbers = itertools.count(1)
        self.actions: dict[str, Callable[[Asked, Inner], Answer]] = {
            "ecs:CreateService": self._create_service,
            "ecs:UpdateService": self._update_service,
            "ecs:DescribeServices": self._describe_services,
            "ecs:ListTaskDefinitions": self._list_task_definitions,
            "ecs:ListTasks": self._list_tasks,
            "ecs:DescribeTasks": self._describe_tasks,
            "logs:StartQuery": self._start_query,
            "logs:GetQueryResults": self._get_query_results,
            "logs:StopQuery": self._stop_query,
            "cloudwatch:GetMetricData": self._get_metric_data,
            "elasticloadbalancing:DescribeTargetHealth": self._describe_target_health,
            "secretsmanager:RotateSecret": self._rotate_secret,
            "secretsmanager:DescribeSecret": self._describe_secret,
        }

    def _create_service(self, one: Asked, inner: Inner) -> Answer:
        answer, document = inner()
        if answer.status == 200:
            self.deployments.created(document["service"], one.given)
        return answer

    def _update_service(self, one: Asked, inner: Inner) -> Answer:
        answer, document = inner()
        if answer.status != 200:
            return answer
        self.deployments.updated(document["service"], one.given)
        return told(document)

    def _describe_services(self, one: Asked, inner: Inner) -> Answer:
        answer, document = inner()
        if answer.status != 200:
            return answer
        for service in document["services"]:
            primary = self.deployments.rollouts[service["serviceArn"]].primary
            definition = ecs_backends[DEFAULT_ACCOUNT_ID][one.region].describe_task_definition(primary.task_definition)
            is_broken = any("broken" in container.get("image", "") for container in definition.container_definitions)
            self.deployments.looked_at(service, is_broken)
        return told(document)

    def _list_task_definitions(self, one: Asked, inner: Inner) -> Answer:
        """moto knows no order and no limit."""
        answer, document = inner()
        if answer.status != 200:
            return answer
        arns = document["taskDefinitionArns"][:: -1 if one.given.get("sort") == "DESC" else 1]
        return told({"taskDefinitionArns": arns[: one.given.get("maxResults", 100)]})

    def _list_tasks(self, one: Asked, _: Inner) -> Answer:
        tasks = self.deployments.tasks(one.given["serviceName"], one.given["desiredStatus"])
        begin, size = int(one.given.get("nextToken", 0)), one.given.get("maxResults", 100)
        more = {"nextToken": str(begin + size)} if begin + size < len(tasks) else {}
        return told({"taskArns": [task["taskArn"] for task in tasks[begin : begin + size]], **more})

    def _describe_tasks(self, one: Asked, _: Inner) -> Answer:
        if len(one.given["tasks"]) > 100:
            return refused(one, "InvalidParameterException", "tasks can have at most 100 items.")
        everything = [
            task
            for rollout in self.deployments.rollouts.values()
            for status in ("RUNNING", "STOPPED")
            for task in self.deployments.tasks(rollout.name, status)
        ]
        return told({"tasks": [task for task in everything if task["taskArn"] in one.given["tasks"]]})

    def _start_query(self, one: Asked, _: Inner) -> Answer:
        group = logs_backends[DEFAULT_ACCOUNT_ID][one.region].groups.get(one.given["logGroupName"])
        if group is None:
            return refused(one, "ResourceNotFoundException", "The specified log group does not exist.")
        first, last = one.given["startTime"] * 1000, one.given["endTime"] * 1000 + 999
        records = [
            record(event.timestamp, event.message)
            for stream in group.streams.values()
            for event in stream.events
            if first <= event.timestamp <= last
        ]
        try:
            found = answered(parsed(one.given["queryString"]), records)
        except Malformed as error:
            return refused(one, "MalformedQueryException", str(error))
        number = f"query-{next(self._numbers)}"
        self._queries[number] = {"found": found, "looks": 0, "is_stopped": False}
        return told({"queryId": number})

    def _get_query_results(self, one: Asked, _: Inner) -> Answer:
        query = self._queries[one.given["queryId"]]
        query["looks"] += 1
        if self.is_query_endless or query["looks"] < 2:
            return told({"status": "Running", "results": [], "statistics": {}})
        rows, matched = query["found"]
        results = [[{"field": name, "value": _written(value)} for name, value in row.items()] for row in rows]
        return told({"status": "Complete", "results": results, "statistics": {"recordsMatched": float(matched)}})

    def _stop_query(self, one: Asked, _: Inner) -> Answer:
        self._queries[one.given["queryId"]]["is_stopped"] = True
        return told({"success": True})

    def _get_metric_data(self, one: Asked, inner: Inner) -> Answer:
        """moto answers all but percentiles."""
        queries = one.given["MetricDataQueries"]
        if not any(query["MetricStat"]["Stat"].startswith("p") for query in queries):
            return inner()[0]
        raw = cloudwatch_backends[DEFAULT_ACCOUNT_ID][one.region].metric_data
        results = [_series(query, raw, one.given["StartTime"], one.given["EndTime"]) for query in queries]
        return told({"MetricDataResults": results, "Messages": []})

    def _describe_target_health(self, one: Asked, inner: Inner) -> Answer:
        group = elbv2_backends[DEFAULT_ACCOUNT_ID][one.region].target_groups.get(one.given["TargetGroupArn"])
        if group is None:
            return inner()[0]
        members = "".join(self._target(target) for target in group.targets.values())
        body = (
            '<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">'
            f"<DescribeTargetHealthResult><TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
            "</DescribeTargetHealthResult></DescribeTargetHealthResponse>"
        )
        return Answer(200, body.encode(), "text/xml")

    def _target(self, target: dict[str, Any]) -> str:
        state, description = self.health.get(target["Id"], ("healthy", ""))
        more = f"<Reason>Target.FailedHealthChecks</Reason><Description>{escape(description)}</Description>"
        health = f"<State>{state}</State>{more if description else ''}"
        where = f"<Id>{target['Id']}</Id><Port>{target['Port']}</Port>"
        return f"<member><Target>{where}</Target><TargetHealth>{health}</TargetHealth></member>"

    def _secret(self, one: Asked) -> Any:
        return secretsmanager_backends[DEFAULT_ACCOUNT_ID][one.region].secrets[one.given["SecretId"]]

    def _rotate_secret(self, one: Asked, _: Inner) -> Answer:
        secret, token = self._secret(one), one.given["ClientRequestToken"]
        if self.rotations.get(secret.name) != "never begins":
            secret.versions.setdefault(token, {"version_id": token, "version_stages": ["AWSPENDING"], "createdate": 0})
        return told({"ARN": secret.arn, "Name": secret.name, "VersionId": token})

    def _describe_secret(self, one: Asked, inner: Inner) -> Answer:
        """With each look a rotation takes its one step, unless its function hangs."""
        answer, document = inner()
        if answer.status != 200 or document["Name"] not in self.rotations:
            return answer
        versions = self._secret(one).versions
        pending = next((key for key, kept in versions.items() if "AWSPENDING" in kept["version_stages"]), None)
        document["RotationEnabled"] = True
        document["VersionIdsToStages"] = {key: list(kept["version_stages"]) for key, kept in versions.items()}
        if pending and self.rotations[document["Name"]] == "works":
            for kept in versions.values():
                kept["version_stages"] = ["AWSPREVIOUS"]
            versions[pending]["version_stages"] = ["AWSCURRENT"]
        return told(document)


def _written(value: object) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _series(query: dict[str, Any], raw: list[Any], start: float, end: float) -> dict[str, Any]:
    stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
    dimensions = sorted((one["Name"], one["Value"]) for one in metric["Dimensions"])
    periods: dict[float, list[float]] = {}
    for datum in raw:
        at = datum.timestamp.timestamp()
        is_same = datum.namespace == metric["Namespace"] and datum.name == metric["MetricName"]
        if is_same and sorted((one.name, one.value) for one in datum.dimensions) == dimensions and start <= at < end:
            periods.setdefault(at // stat["Period"] * stat["Period"], []).append(datum.value)
    moments = sorted(periods)
    values = [_figure(stat["Stat"], sorted(periods[at])) for at in moments]
    return {"Id": query["Id"], "Label": stat["Stat"], "Timestamps": moments, "Values": values, "StatusCode": "Complete"}


def _figure(kind: str, values: list[float]) -> float:
    figures = {"Sum": sum(values), "Average": sum(values) / len(values), "Maximum": values[-1], "Minimum": values[0]}
    if kind in figures:
        return figures[kind]
    rank = math.ceil(float(kind[1:]) / 100 * len(values))
    return values[max(rank, 1) - 1]
