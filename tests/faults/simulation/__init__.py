"""Registry, worker, execution and attempts on a virtual clock: providers that fail in every way, processes that die."""
