"""The proof of an exclusion: what it reaches, what it costs to forge, what mutants and recordings say."""
