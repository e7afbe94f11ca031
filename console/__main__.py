"""`python -m console` is `rollout-console`."""

from console.cli import main

raise SystemExit(main())
