"""Twenty everyday tasks as a person puts them to a model: the calls that a model would make, what each result must say,
and how many bytes it may take. `python -m tests.conversations` lets a model loose on them."""
