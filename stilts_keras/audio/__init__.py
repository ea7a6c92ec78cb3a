"""Sound files to what speech backbones hear: mono, 16 kHz, float32."""
