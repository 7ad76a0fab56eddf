"""The registry in SQL: one account of what happens to jobs and images, in queries with names, over whatever database
runs them. What each database says in its own words stands in its own package."""
