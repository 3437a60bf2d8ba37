"""What people see: tables, answers, curves and sheets of pictures."""
