"""What the commands without a screen do: a file each, named like its command, and shared parts."""
