"""The diagnosis screen: ranked causes."""
