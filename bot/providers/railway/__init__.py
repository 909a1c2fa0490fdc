"""Railway: services, their deployments, logs, figures and variables, through its public GraphQL API."""
