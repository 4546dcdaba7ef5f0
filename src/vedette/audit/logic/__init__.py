"""The logic of rules, judged by the solver: what can never match, never hide, never decide, and who implies whom.

All is asked of one view. That is enough: a rule and its own detections are read in the same view, and an event whose
image fields have equal readings looks alike in all views. So what holds on no event of one view holds on none in any,
and every witness is the event of a host on which both readings agree. Two rules as well: what matches the one in some
view matches the other in that view.
"""
