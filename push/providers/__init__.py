"""Services that put pushes on devices, one file each, behind one port."""
