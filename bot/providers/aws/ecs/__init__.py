"""Amazon ECS: a service, its tasks and its task definitions; and what may be changed of them."""
