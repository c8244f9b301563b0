"""The built-in rules, one file each. They judge the trace and import nothing else of the auditor's."""
