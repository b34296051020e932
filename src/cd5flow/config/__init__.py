"""Files people edit and files that come with cd5flow: read with the address of every fault."""
