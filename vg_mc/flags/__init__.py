"""What commands may be told, a frozen dataclass each: those that helpers of commands read, too.

They lie below the commands, so that a helper knows its flags without the command that calls it.
"""
