"""The shell around hls and chat: the one package that awaits."""
