"""Executors: computation of tasks in this process, in local processes, or with Dask."""
