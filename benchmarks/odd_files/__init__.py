"""Is every odd file read or refused as its row in the index expects, quickly and in little memory?"""
