"""Charges, invoices and refunds."""
