"""PDP: the policy engines, in this process or on an OPA server, behind one protocol."""
