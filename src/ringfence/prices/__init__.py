"""The quote service: it asks price sources, each at its own pace, and submits what they see to the node as commands."""
