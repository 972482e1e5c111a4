"""What appeals, exemplars and candidate policies cost."""
