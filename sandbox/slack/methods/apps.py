"""Apps, their tokens and their installation."""

from .row import row

ROWS = (
    row("api.test", "4", optional="error"),
    row("auth.test", "special"),
    row("apps.connections.open", "3"),
    row("bots.info", "3", optional="bot team_id", scopes="users:read", errors="bot_not_found"),
    row("team.info", "3", optional="domain team", scopes="team:read", errors="team_not_found"),
    row("auth.revoke", "3", optional="test", errors="internal_error"),
    row(
        "apps.uninstall",
        "1",
        "client_id client_secret",
        errors="bad_client_secret client_id_token_mismatch invalid_client_id",
    ),
    row(
        "oauth.v2.access",
        "special",
        optional="assertion client_id client_secret code code_verifier grant_type redirect_uri refresh_token",
        errors="bad_client_secret bad_redirect_uri invalid_client_id invalid_code invalid_grant_type"
        " invalid_refresh_token",
    ),
)
