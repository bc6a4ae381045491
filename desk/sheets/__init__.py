"""Many decisions at once from a spreadsheet (XLSX) or a CSV file: template, reading, import, rows to correct.

Nothing here names a permit type: columns come from the JSON Schema that its pack publishes.
"""
