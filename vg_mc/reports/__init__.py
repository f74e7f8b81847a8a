"""What people see: tables, curves and galleries, all made from stored predictions."""
