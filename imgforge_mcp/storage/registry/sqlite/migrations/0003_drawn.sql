-- What the embedded engine says of its own picture: words of the prompt that can be seen in it, and those that cannot.
ALTER TABLE jobs ADD COLUMN drawn TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN not_drawn TEXT NOT NULL DEFAULT '[]';
