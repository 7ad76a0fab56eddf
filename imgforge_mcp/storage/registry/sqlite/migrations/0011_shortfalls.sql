-- Where what came is not what was asked for: a JSON list of objects with `asked` and `got`.
ALTER TABLE jobs ADD COLUMN shortfalls TEXT NOT NULL DEFAULT '[]';
