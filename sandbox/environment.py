"""What the references of the five catalogs find in the demo.

Each system has a table of its own. A variable that stands in none is not set: its checks say so, as they do in an
installation that lacks it.
"""

import secrets

from sandbox.world import World
from sandbox.world.mail import Mailbox
from sandbox.world.neighbours.site import Site
from sandbox.world.neighbours.systems import AGENTE, CHROMA, ETP, HARVEN, SUPPORT
from sandbox.world.railway import Railway
from sandbox.world.vendors import GitHub

Table = dict[str, str]
EARLIER = ("API_KEY", "OPENAI_KEY", "ANTHROPIC_KEY", "CRM_TOKEN")
RESTRICTED = "C0RESTRICTED"  # the private channel of workspace.yml


def environment(world: World) -> Table:
    """All tables together."""
    return {**agente(world), **chroma(world), **harven(world), **support(world), **etp(world)}


def agente(world: World) -> Table:
    near = world.neighbours
    vendors = near.vendors
    return {
        "AGENTE_RESTRICTED_CHANNEL": RESTRICTED,
        "AGENTE_REDIS_URL": world.redis_url,
        "AGENTE_REDIS_CHANGE_URL": world.redis_url,
        "AGENTE_API_URL": world.service_url,
        "AGENTE_SMOKE_TOKEN": world.test_token,
        "AGENTE_GATEWAY_URL": near.sites["agente-gateway"].url,
        "AGENTE_KUBERNETES_SERVER": world.kubernetes_url,
        "AGENTE_KUBERNETES_TOKEN": world.kubernetes_token,
        "AGENTE_KUBERNETES_NAMESPACE": world.namespace,
        "AGENTE_PROMETHEUS_URL": near.prometheus[AGENTE].url,
        "AGENTE_ALERTMANAGER_URL": near.alertmanager.url,
        "AGENTE_GRAFANA_URL": near.grafana.url,
        "AGENTE_GRAFANA_TOKEN": near.grafana.token,
        "AGENTE_TEMPO_URL": near.tempo.url,
        "AGENTE_LOG_STORE_URL": near.log_store.url,
        "AGENTE_LOG_STORE_KEY": near.log_store.key,
        "AGENTE_PAGERDUTY_URL": near.pagerduty.url,
        "AGENTE_PAGERDUTY_TOKEN": near.pagerduty.token,
        "AGENTE_PAGERDUTY_FROM_EMAIL": next(iter(near.pagerduty.users.values())).email,
        "AGENTE_DOCKER_SOCKET": near.docker[AGENTE].socket,
        "AGENTE_OPENAI_URL": vendors.openai.url,
        "AGENTE_OPENAI_KEY": vendors.openai.key,
        "AGENTE_ANTHROPIC_URL": vendors.anthropic.url,
        "AGENTE_ANTHROPIC_KEY": vendors.anthropic.key,
        "AGENTE_OPENAI_PAGE_URL": _page(world, "openai"),
        "AGENTE_ANTHROPIC_PAGE_URL": _page(world, "anthropic"),
        "AGENTE_SALESFORCE_PAGE_URL": f"{near.pages['salesforce'].url}/v1/instances/NA1",
        "AGENTE_CRM_URL": vendors.crm.url,
        "AGENTE_CRM_TOKEN": vendors.crm.token,
        **{f"AGENTE_EARLIER_{name}": f"earlier-{secrets.token_hex(16)}" for name in EARLIER},
        **_pipeline("AGENTE", vendors.github),
        "AGENTE_PIPELINE_RUNS_TOKEN": vendors.github.token,
    }


def chroma(world: World) -> Table:
    near = world.neighbours
    vendors, site = near.vendors, near.sites[CHROMA]
    backend = near.railway[CHROMA].platform.named("backend").variables
    return {
        "CHROMA_RESTRICTED_CHANNEL": RESTRICTED,
        "CHROMA_API_URL": site.url,
        "CHROMA_FRONTEND_URL": f"{near.sites['railway-chroma-frontend'].url}/",
        **_login("CHROMA_LOGIN", site),
        "CHROMA_LOGIN_URL": site.url,
        "CHROMA_METRICS_URL": near.prometheus[CHROMA].url,
        **_railway("CHROMA", near.railway[CHROMA]),
        "CHROMA_DOCKER_SOCKET": near.docker[CHROMA].socket,
        "CHROMA_GROQ_URL": vendors.groq.url,
        "CHROMA_GROQ_KEY": vendors.groq.key,
        "CHROMA_EARLIER_GROQ_KEY": backend["GROQ_API_KEY"],
        "CHROMA_OPENAI_URL": vendors.openai.url,
        "CHROMA_OPENAI_KEY": vendors.openai.key,
        "CHROMA_GROQ_PAGE_URL": _page(world, "groq"),
        "CHROMA_OPENAI_PAGE_URL": _page(world, "openai"),
        "CHROMA_JWT_VALUE": secrets.token_hex(24),
        "CHROMA_SECRETS_SALT": secrets.token_hex(16),
    }


def harven(world: World) -> Table:
    near = world.neighbours
    vendors, supabase, coolify = near.vendors, near.vendors.supabase, near.coolify
    signing_secret = coolify.variables["JWT_SECRET"]
    return {
        "HARVEN_API_URL": near.sites[HARVEN].url,
        "HARVEN_API_METRICS_URL": near.prometheus[HARVEN].url,
        "HARVEN_PROMETHEUS_URL": near.prometheus[HARVEN].url,
        "HARVEN_GRAFANA_URL": near.grafana.url,
        "HARVEN_GRAFANA_TOKEN": near.grafana.token,
        "HARVEN_SENTRY_URL": vendors.sentry.url,
        "HARVEN_SENTRY_TOKEN": vendors.sentry.token,
        "HARVEN_DOCKER_SOCKET": near.docker[HARVEN].socket,
        "HARVEN_COOLIFY_URL": coolify.url,
        "HARVEN_COOLIFY_TOKEN": coolify.token("read"),
        "HARVEN_COOLIFY_DEPLOY_TOKEN": coolify.token("read", "read:sensitive", "write", "deploy"),
        "HARVEN_COOLIFY_APPLICATION": coolify.application,
        "HARVEN_REDIS_URL": world.redis_url,
        "HARVEN_REDIS_CACHE_URL": world.redis_url,
        "HARVEN_REDIS_LIMIT_URL": world.redis_url,
        "HARVEN_SUPABASE_URL": supabase.url,
        "HARVEN_SUPABASE_KEY": supabase.key,
        "HARVEN_SUPABASE_ACCESS_TOKEN": supabase.access_token,
        "HARVEN_SUPABASE_PROJECT": supabase.project,
        "HARVEN_SUPABASE_MANAGEMENT_URL": supabase.url,
        "HARVEN_LOGIN_USER": supabase.user,
        "HARVEN_LOGIN_PASSWORD": supabase.password,
        "HARVEN_OPENAI_URL": vendors.openai.url,
        "HARVEN_OPENAI_KEY": vendors.openai.key,
        "HARVEN_OPENAI_ADMIN_KEY": vendors.openai.admin_key,
        "HARVEN_OPENAI_PAGE_URL": _page(world, "openai"),
        "HARVEN_SUPABASE_PAGE_URL": _page(world, "supabase"),
        "HARVEN_JWT_VALUE": signing_secret,
        "HARVEN_JWT_OTHER": signing_secret,
        "HARVEN_EARLIER_JWT_SECRET": coolify.earlier_secret,
        "HARVEN_SECRETS_SALT": secrets.token_hex(16),
        **_mail("HARVEN", near.mailbox, "finance", "supabase", "openai", "coolify", "sentry"),
    }


def support(world: World) -> Table:
    near = world.neighbours
    vendors, atlas = near.vendors, near.atlas
    return {
        "SUPPORT_API_URL": vendors.app.url,
        "SUPPORT_APP_TOKEN": vendors.app.token,
        "SUPPORT_DOCKER_SOCKET": near.docker[SUPPORT].socket,
        "SUPPORT_MONGODB_URL": near.mongo.url,
        "SUPPORT_MONGODB_DATABASE": "support",
        "SUPPORT_ATLAS_URL": atlas.url,
        "SUPPORT_ATLAS_PUBLIC_KEY": atlas.public_key,
        "SUPPORT_ATLAS_PRIVATE_KEY": atlas.private_key,
        "SUPPORT_ATLAS_BACKUP_PUBLIC_KEY": atlas.backup_public_key,
        "SUPPORT_ATLAS_BACKUP_PRIVATE_KEY": atlas.backup_private_key,
        "SUPPORT_ATLAS_PROJECT": atlas.project,
        "SUPPORT_ATLAS_CLUSTER": atlas.cluster,
        "SUPPORT_TELEGRAM_URL": vendors.telegram.url,
        "SUPPORT_TELEGRAM_TOKEN": vendors.telegram.token,
        "SUPPORT_APP_LOG_PATH": str(near.log),
        "SUPPORT_OPENAI_URL": vendors.openai.url,
        "SUPPORT_OPENAI_KEY": vendors.openai.key,
        "SUPPORT_STATUS_OPENAI_URL": _page(world, "openai"),
        "SUPPORT_STATUS_MONGODB_URL": _page(world, "mongodb"),
        "SUPPORT_STATUS_AWS_URL": f"{near.pages['aws'].url}/feed.rss",
        **_pipeline("SUPPORT", vendors.github),
        "SUPPORT_PIPELINE_RUNS_TOKEN": vendors.github.token,
        **_mail("SUPPORT", near.mailbox, "users", "mongodb-atlas", "openai", "aws"),
        "SUPPORT_CUSTOMER_CONTACTS": "acme=ops@acme.example, globex=it@globex.example",
    }


def etp(world: World) -> Table:
    near = world.neighbours
    site = near.sites[ETP]
    backend = near.railway[ETP].platform.named("backend").variables
    return {
        "ETP_RESTRICTED_CHANNEL": RESTRICTED,
        "ETP_API_URL": site.url,
        "ETP_APP_TOKEN": site.token,
        **_login("ETP_ACCOUNT", site),
        "ETP_FRONTEND_URL": near.sites["etp-express-frontend"].url,
        "ETP_PROMETHEUS_URL": near.prometheus[ETP].url,
        **_railway("ETP", near.railway[ETP]),
        **({"ETP_ROTATION_DATABASE_URL": near.postgres.url} if near.postgres.url else {}),
        "ETP_NEW_OPENAI_KEY": f"sk-emulated-{secrets.token_hex(16)}",
        **_pipeline("ETP", near.vendors.github),
        **_mail("ETP", near.mailbox, "users"),
        "ETP_OPENAI_URL": near.vendors.openai.url,
        "ETP_OPENAI_KEY": near.vendors.openai.key,
        "ETP_EARLIER_OPENAI_KEY": backend["OPENAI_API_KEY"],
        "ETP_EARLIER_JWT_SECRET": secrets.token_hex(20),
        "ETP_JWT_SECRET": backend["JWT_SECRET"],
        "ETP_STATUS_OPENAI_URL": _page(world, "openai"),
        "ETP_STATUS_RAILWAY_URL": _page(world, "railway"),
        "ETP_STATUS_GITHUB_URL": _page(world, "github"),
    }


def _page(world: World, vendor: str) -> str:
    return f"{world.neighbours.pages[vendor].url}/atlassian"


def _login(prefix: str, site: Site) -> Table:
    return {f"{prefix}_USER": site.user, f"{prefix}_PASSWORD": site.password}


def _pipeline(prefix: str, github: GitHub) -> Table:
    return {
        f"{prefix}_PIPELINE_URL": github.url,
        f"{prefix}_PIPELINE_REPO": github.repo,
        f"{prefix}_PIPELINE_TOKEN": github.token,
    }


def _mail(prefix: str, mailbox: Mailbox, *names: str) -> Table:
    """The mailbox takes everything; nothing leaves the demo."""
    return {
        f"{prefix}_MAIL_URL": mailbox.url,
        f"{prefix}_MAIL_SENDER": mailbox.sender,
        f"{prefix}_MAIL_RECIPIENTS": ", ".join(f"{name}={name}@demo.example" for name in names),
    }


def _railway(prefix: str, railway: Railway) -> Table:
    return {
        f"{prefix}_RAILWAY_URL": railway.url,
        f"{prefix}_RAILWAY_TOKEN": railway.token,
        f"{prefix}_WORKSPACE_TOKEN": railway.workspace_token,
        f"{prefix}_RAILWAY_PROJECT": railway.platform.project,
        f"{prefix}_RAILWAY_ENVIRONMENT": railway.platform.environment,
    }
