"""The transparency log's pure core: RFC 6962 tree, C2SP signed notes and checkpoints. No I/O."""
