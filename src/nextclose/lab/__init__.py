"""The live lab: a page in the browser on which every change of a setting retrains the net."""
