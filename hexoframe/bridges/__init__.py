"""Arrays of a record for other libraries, in memory; what writes a file is a format.

======== ====================================================================
signals  samples at an even rate, with their holes named or marked
neurokit signals and beats as NeuroKit2 takes them; imports nothing
mne      a Raw of MNE a sampling rate, with annotations
======== ====================================================================
"""
