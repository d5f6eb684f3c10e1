"""The statistics of a comparison by lot: effects, looking early, whether the arms were kept."""
