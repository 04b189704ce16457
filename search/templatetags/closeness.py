"""{% closeness score model as close %}"""

from django import template

from search.pages.closeness import closeness

register = template.Library()
register.simple_tag(closeness)
